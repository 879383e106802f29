/** A flag of the program: the variable that counts where it is not given, and what it says. */
interface FlagText {
  variable: string;
  what: string;
}

/** Every flag of `kdr-agent`. */
export const FLAGS = {
  server: { variable: 'KDR_SERVER', what: 'URL of the API server; the cluster in whose Pod it runs' },
  'token-file': { variable: 'KDR_TOKEN_FILE', what: 'file with the bearer token for it' },
  'ca-file': { variable: 'KDR_CA_FILE', what: 'file with the authorities (PEM) to trust there' },
  'node-name': { variable: 'KDR_NODE_NAME', what: "name of the Node; the host's name" },
  namespace: { variable: 'KDR_NAMESPACE', what: "KDR's own namespace; kdr-system" },
  'state-dir': { variable: 'KDR_STATE_DIR', what: 'journal, lock and artifacts; /var/lib/kdr/agent' },
  'socket-dir': { variable: 'KDR_SOCKET_DIR', what: 'where agent.sock is made; the state directory' },
  'proc-root': { variable: 'KDR_PROC_ROOT', what: "the host's processes; /proc" },
  'plugin-token-file': { variable: 'KDR_PLUGIN_TOKEN_FILE', what: 'file with the token for plugins behind Services' },
  'probe-host': { variable: 'KDR_PROBE_HOST', what: 'address of /healthz, /readyz and /metrics; 127.0.0.1' },
  'probe-port': { variable: 'KDR_PROBE_PORT', what: 'port of them, 0 for any; 9810' },
  'log-level': { variable: 'KDR_LOG_LEVEL', what: 'trace, debug, info, warn, error, fatal or silent; info' },
  options: { variable: 'KDR_AGENT_OPTIONS', what: 'JSON object of options over the defaults' },
} as const satisfies Record<string, FlagText>;

export type Flag = keyof typeof FLAGS;

/** What `--help` prints of them. */
export function flagSettings(): Record<string, string> {
  return Object.fromEntries(Object.entries(FLAGS).map(([flag, { variable, what }]) => [`--${flag}, ${variable}`, what]));
}
