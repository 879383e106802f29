/** Who made a call, as the API server's review of its token says. Known only behind a TLS port; a socket's file mode says who may use it. */
export interface Caller {
  /** User name: `system:serviceaccount:kdr-system:kdr-agent`. */
  user: string;
  /** The node of the pod that the token is bound to; absent for one that is bound to none. */
  node?: string;
}

/** Whether a bearer token may call: true or false, or who it is. Throwing is a no, too: a KdrError is answered by its code. */
export type Authorize = (token: string) => boolean | Caller | undefined | Promise<boolean | Caller | undefined>;
