import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The program kdr-master in a process of its own. */
export interface MasterProcess {
  /** As `/metrics` says it now; undefined: no such line. */
  metric(line: string): Promise<number | undefined>;
  ready(): Promise<boolean>;
  /** Port of the webhook, once it listens. */
  webhookPort(): number;
  log(): string;
  /** SIGKILL, unless told otherwise; waits until it is gone. */
  end(signal?: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  stopped(): void;
  continued(): void;
}

const MAIN = join(import.meta.dirname, '..', '..', 'packages', 'master', 'src', 'main.ts');

/** Starts it and waits until its probes answer. @param env beside the address of the API server. */
export async function startMaster(
  server: { url: string; ca: string; token: string },
  directory: string,
  name: string,
  env: Record<string, string> = {},
): Promise<MasterProcess> {
  const [caFile, tokenFile] = [join(directory, `${name}.ca`), join(directory, `${name}.token`)];
  writeFileSync(caFile, server.ca);
  writeFileSync(tokenFile, server.token, { mode: 0o600 });
  const child = spawn(process.execPath, ['--conditions=kdr-source', MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      KDR_SERVER: server.url,
      KDR_CA_FILE: caFile,
      KDR_TOKEN_FILE: tokenFile,
      KDR_PROBE_PORT: '0',
      KDR_LEADER_ELECT: 'true',
      KDR_POD_NAME: name,
      ...env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += data.toString()));
  const said = (pattern: RegExp): string | undefined => pattern.exec(log)?.[1];
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  for (const end = Date.now() + 120_000; said(/"probes":"([^"]+)"/) === undefined; await delay(20))
    if (gone() || Date.now() > end) throw new Error(`the master ${name} did not start:\n${log}`);
  const probes = said(/"probes":"([^"]+)"/) ?? '';
  const signal = (which: NodeJS.Signals) => {
    if (!gone()) child.kill(which);
  };
  return {
    metric: async (line) => {
      const { text } = await get(`${probes}/metrics`);
      const found = text.split('\n').find((one) => one.startsWith(`${line} `));
      return found === undefined ? undefined : Number(found.slice(line.length + 1));
    },
    ready: async () => (await get(`${probes}/readyz`)).status === 200,
    webhookPort: () => Number(said(/"port":(\d+),"msg":"the admission webhook listens"/)),
    log: () => log,
    end: async (which = 'SIGKILL') => {
      if (!gone()) {
        const exited = once(child, 'exit');
        signal('SIGCONT');
        signal(which);
        await exited;
      }
      return child.exitCode;
    },
    stopped: () => signal('SIGSTOP'),
    continued: () => signal('SIGCONT'),
  };
}

/** On a connection of its own: one that was kept may be closed in the moment in which it is used again. */
function get(url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

/** Waits until something holds; fails with what it is called. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); await delay(50))
    if (Date.now() > end) throw new Error(`It never came true that ${what}.`);
}
