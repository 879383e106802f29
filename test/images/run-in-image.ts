import { type ResultPromise, execa } from 'execa';

/** How a program in an image is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds; then it is killed, also when we are dead by then. Default 60: a machine may be busy. */
  readonly seconds?: number;
}

/** The user that the images name. */
export const USER = 65532;

/**
 * Runs a program on an unpacked image as its user, in mount and pid namespaces of its own with a /proc of their own, on the host's network:
 * what a container runtime would do without its limits. Exit code 137: it took too long.
 */
export function runInImage(
  rootfs: string,
  command: readonly string[],
  { env = {}, seconds = 60 }: RunOptions = {},
): ResultPromise<{
  reject: false;
  stdin: 'ignore';
}> {
  const namespaces = ['--mount', '--pid', '--fork', `--root=${rootfs}`, '--mount-proc=/proc', '--wd=/'];
  // A process that changes its user outlives its parent (prctl(2), PR_SET_PDEATHSIG): the image's own timeout(1) is the bound.
  const bound = ['timeout', '--signal=KILL', String(seconds)];
  return execa('/usr/bin/unshare', [...namespaces, `--setgid=${USER}`, `--setuid=${USER}`, ...bound, ...command], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
}
