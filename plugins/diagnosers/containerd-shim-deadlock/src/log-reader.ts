/** Reads what is logged from the moment on at which it was attached. */
export interface LogReader {
  /** Where it reads, for people: `containerd's log /var/log/containerd.log`. */
  readonly where: string;
  /** Nobody else's dump can be in it, so one that names no process is the shim's too. */
  readonly exclusive: boolean;
  /** All that was logged since it was attached; bounded, the rest is left out. */
  read(): Promise<string>;
  /** Leaves everything as it was. */
  close(): Promise<void>;
}

/** Of a log that floods: a dump has 250 kB with 150 goroutines. */
export const MAX_LOG_BYTES = 32 * 1024 * 1024;
