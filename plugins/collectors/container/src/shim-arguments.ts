import { basename } from 'node:path';

/** What the command line of a shim says. */
export interface ShimArguments {
  api: 'v1' | 'v2';
  namespace: string;
  /** v1: the container. v2: the first container, of a pod its sandbox; absent in shims before 1.4. */
  id?: string;
  /** Socket of the containerd that started it. */
  address?: string;
  debug: boolean;
}

/** Whether a program is a shim of containerd, by its file and not by its name: the kernel cuts that to 15 bytes, and anybody may choose it. */
export function isShimProgram(exe: string): boolean {
  return /^(?:docker-)?containerd-shim(?:-[\w.-]+)?$/.test(basename(exe));
}

/** Go's flag package takes `-name value`, `-name=value` and the same with two dashes. */
function flag(argv: readonly string[], name: string): string | undefined {
  for (const [at, argument] of argv.entries()) {
    const [, found, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (found === name) return value ?? argv[at + 1];
  }
  return undefined;
}

/**
 * Reads a shim's arguments. v1 (containerd ≤ 1.7, Docker): `-workdir ROOT/io.containerd.runtime.v1.linux/NAMESPACE/ID`. v2: `-id`. Even older
 * ones give the id in the first place: `docker-containerd-shim ID BUNDLE docker-runc` (moby#34488); they serve one container, as v1.
 */
export function readShimArguments(argv: readonly string[]): ShimArguments {
  const workdir = flag(argv, 'workdir');
  const positional = argv[1] !== undefined && /^[0-9a-f]{64}$/.test(argv[1]) ? argv[1] : undefined;
  const id = workdir === undefined ? (flag(argv, 'id') ?? positional) : basename(workdir);
  const address = flag(argv, 'address');
  return {
    api: workdir !== undefined || positional !== undefined ? 'v1' : 'v2',
    namespace: flag(argv, 'namespace') ?? '',
    ...(id !== undefined && { id }),
    ...(address !== undefined && { address }),
    debug: argv.some((argument) => /^--?debug(?:=true)?$/.test(argument)),
  };
}
