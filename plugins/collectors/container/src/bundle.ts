import { constants, openSync, closeSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from './findings.ts';
import type { Gaps } from './gaps.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_SMALL_BYTES = 4096;

/** Reads a small regular file: no pipe that would wait for a writer, no link that leads elsewhere. */
function readFile(path: string, limit: number): string | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(fd).isFile() || fstatSync(fd).size > limit) return undefined;
    const bytes = Buffer.alloc(limit);
    return bytes.subarray(0, readSync(fd, bytes, 0, limit, 0)).toString('utf8');
  } finally {
    closeSync(fd);
  }
}

/** The pid that runc wrote for the container's init, in the pid namespace of the shim. */
export function readInitPid(directory: string, gaps: Gaps): number | undefined {
  const text = gaps.see('init.pid', () => readFile(join(directory, 'init.pid'), MAX_SMALL_BYTES))?.trim();
  return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : undefined;
}

/** Where the shim of a bundle listens: `address` (containerd 1.x), `bootstrap.json` (2.x). Containers of one shim say the same. */
export function readShimAddress(directory: string, gaps: Gaps): string | undefined {
  const plain = gaps.see('address', () => readFile(join(directory, 'address'), MAX_SMALL_BYTES))?.trim();
  return plain ?? gaps.see('bootstrap.json', () => readFile(join(directory, 'bootstrap.json'), MAX_SMALL_BYTES))?.trim();
}

type FromConfig = Pick<Task, 'sandbox' | 'sandboxId' | 'containerName' | 'pod'>;

/** What the OCI configuration says about Kubernetes (containerd internal/cri/annotations). */
export function readAnnotations(directory: string, gaps: Gaps): FromConfig {
  const text = gaps.see('config.json', () => readFile(join(directory, 'config.json'), MAX_CONFIG_BYTES));
  if (text === undefined) return {};
  try {
    return fromAnnotations((JSON.parse(text) as { annotations?: unknown }).annotations);
  } catch {
    gaps.note(`${directory}: config.json is not JSON`);
    return {};
  }
}

export function fromAnnotations(annotations: unknown): FromConfig {
  const value = (name: string): string | undefined => {
    const found: unknown = Object(annotations)[`io.kubernetes.cri.${name}`];
    return typeof found === 'string' && found !== '' ? found.slice(0, 253) : undefined;
  };
  const [type, sandboxId, containerName, uid] = [
    value('container-type'),
    value('sandbox-id'),
    value('container-name'),
    value('sandbox-uid'),
  ];
  const [namespace, name] = [value('sandbox-namespace'), value('sandbox-name')];
  return {
    ...(type !== undefined && { sandbox: type === 'sandbox' }),
    ...(sandboxId !== undefined && { sandboxId }),
    ...(containerName !== undefined && { containerName }),
    ...(uid !== undefined && { pod: { uid, ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) } }),
  };
}
