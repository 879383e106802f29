import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Callback, DiagnoseAnswer } from '@kdr/api-types';

/** What the agent would answer when the plugin asks back. */
export interface Answers {
  /** `data` by collector. Any other collector is KDR_COLLECT_UNAVAILABLE. */
  collectors?: Record<string, Record<string, unknown>>;
  /** Answer by diagnoser. Any other is KDR_DIAGNOSE_UNAVAILABLE. */
  diagnosers?: Record<string, DiagnoseAnswer>;
}

const TOKEN = 'token-of-the-test';

function own<T>(record: Record<string, T> | undefined, name: unknown): T | undefined {
  return record !== undefined && typeof name === 'string' && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A socket that answers as the agent's does. */
export async function startCallbackServer(socket: string, answers: Answers): Promise<{ callback: Callback; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const problem = (status: number, code: string, detail: string) =>
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ title: code, status, detail, code }));
    const reply = async () => {
      const question = JSON.parse(await text(request)) as { collector?: unknown; diagnoser?: unknown };
      if (request.headers.authorization !== `Bearer ${TOKEN}`) return problem(401, 'KDR_CALLBACK_DENIED', 'unknown token');
      const data = own(answers.collectors, question.collector);
      const diagnosis = own(answers.diagnosers, question.diagnoser);
      const answer = data ? { outcome: 'Collected', summary: String(question.collector), data } : diagnosis;
      if (answer) return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      if (request.url === '/v1/diagnose') return problem(404, 'KDR_DIAGNOSE_UNAVAILABLE', `no diagnoser ${String(question.diagnoser)}`);
      return problem(404, 'KDR_COLLECT_UNAVAILABLE', `no collector ${String(question.collector)}`);
    };
    reply().catch((error: unknown) => problem(400, 'KDR_BAD_REQUEST', String(error)));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return {
    callback: { socket, token: TOKEN },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
