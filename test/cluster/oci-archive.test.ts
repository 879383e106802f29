import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { writeOciArchive } from './oci-archive.ts';

test('an archive is an OCI layout whose blobs have the hashes that name them, and the same contents give the same bytes', async () => {
  const work = mkdtempSync(join(tmpdir(), 'kdr-oci-'));
  onTestFinished(() => rmSync(work, { recursive: true }));
  const rootfs = join(work, 'rootfs');
  mkdirSync(rootfs);
  writeFileSync(join(rootfs, 'program'), 'bytes', { mode: 0o755 });
  const plan = { name: 'localhost/some:1', rootfs, entrypoint: ['/program'], user: '65535:65535' };
  await writeOciArchive(join(work, 'one.tar'), plan);
  await writeOciArchive(join(work, 'two.tar'), plan);
  expect(readFileSync(join(work, 'one.tar')).equals(readFileSync(join(work, 'two.tar')))).toBe(true);
  expect(readdirSync(work).sort()).toEqual(['one.tar', 'rootfs', 'two.tar']);

  const out = join(work, 'out');
  mkdirSync(out);
  await execa('tar', ['-xf', join(work, 'one.tar'), '-C', out]);
  const blobs = join(out, 'blobs', 'sha256');
  for (const name of readdirSync(blobs))
    expect(
      createHash('sha256')
        .update(readFileSync(join(blobs, name)))
        .digest('hex'),
    ).toBe(name);
  const read = (digest: string) => JSON.parse(readFileSync(join(blobs, digest.replace('sha256:', '')), 'utf8')) as Record<string, never>;
  const index = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  expect(index.manifests[0]?.annotations['io.containerd.image.name']).toBe('localhost/some:1');
  const manifest = read(index.manifests[0]?.digest ?? '') as unknown as { config: { digest: string }; layers: { digest: string }[] };
  expect(read(manifest.config.digest)).toMatchObject({
    config: { Entrypoint: ['/program'], User: '65535:65535' },
    rootfs: { diff_ids: [manifest.layers[0]?.digest] },
  });
});
