import { API_VERSION, KINDS } from '@kdr/api-types';
import { beforeAll, describe, expect, it } from 'vitest';
import { type KubectlResult, kubectl } from '../tools/kubectl.ts';
import { INVALID, changed } from './invalid-objects.ts';

/**
 * Tests that an API server refuses every invalid object and names the field, and takes each valid one.
 * @param kubeconfig of an administrator named `admin`; read when the tests run
 */
export function refusesInvalid(kubeconfig: () => string): void {
  /** Creates many objects by one run of kubectl, which goes on after a refusal. */
  const create = (items: object[]): Promise<KubectlResult> =>
    kubectl(kubeconfig(), ['create', '-f', '-'], items.map((item) => JSON.stringify(item)).join('\n---\n'));

  it('has ten or more invalid objects for each of the nine kinds', () => {
    expect(INVALID.map(({ kind }) => kind).sort()).toEqual(KINDS.map(({ kind }) => kind).sort());
    expect(INVALID.filter(({ changes }) => changes.length < 10)).toEqual([]);
  });

  describe.each(INVALID)('an invalid $kind', ({ kind, spec, changes }) => {
    const object = (name: string) => ({ apiVersion: API_VERSION, kind, metadata: { name }, spec });
    const labels = changes.map(([field, value], index) => ({
      index,
      title: `${field} = ${(JSON.stringify(value) ?? 'left out').slice(0, 60)}`,
    }));
    let said: string[];

    beforeAll(async () => {
      const { code, stdout, stderr } = await create(changes.map(([field, value], index) => changed(object(`bad-${index}`), field, value)));
      expect([code, stdout]).toEqual([1, '']);
      said = stderr.split(/^(?=Error from server|error: |The .* "bad-\d+" is invalid)/m);
    });

    it.each(labels)('is refused, and the field is named: $title', ({ index }) => {
      const [field = '', , named = field] = changes[index] ?? [];
      const mine = said.filter((text) => text.includes(`"bad-${index}"`) || (named.startsWith('unknown') && text.includes(named)));
      expect(mine).toHaveLength(1);
      expect(mine[0]).toContain(named);
    });

    it('differs by that field alone from one that is taken', async () => {
      expect(said).toHaveLength(changes.length);
      expect(await create([object('good')])).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/\/good created\n$/) as string,
      });
    });
  });
}
