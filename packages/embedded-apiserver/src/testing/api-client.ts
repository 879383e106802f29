import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '../api-server.ts';
import type { ApiServer, ApiServerOptions } from '../api-server.ts';
import type { KubernetesObject } from '../api/object.ts';

/** A whole answer. */
export interface Answer {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: KubernetesObject & {
    items: KubernetesObject[];
    message: string;
    reason: string;
    details: { causes: { field: string; message: string; reason: string }[] };
  };
}

/** One event of a watch. */
export interface Event {
  type: string;
  object: KubernetesObject & { code?: number };
}

/** A client of one user: plain HTTPS, one connection for each running request. */
export class ApiClient {
  readonly #server: Pick<ApiServer, 'url' | 'ca'>;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  constructor(server: Pick<ApiServer, 'url' | 'ca'>, token?: string) {
    this.#server = server;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, ca: server.ca });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  merge(path: string, body: unknown): Promise<Answer> {
    return this.send('PATCH', path, body, { 'content-type': 'application/merge-patch+json' });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.send('DELETE', path, body);
  }

  /** Sends a request; a string or Buffer goes as it is, anything else as JSON. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const typed: Record<string, string> =
      bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(bytes)) };
    const outgoing = this.#request(method, path, { ...typed, ...headers });
    outgoing.end(bytes);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const json = /json/.test(response.headers['content-type'] ?? '');
    return { code: response.statusCode!, headers: response.headers, text, body: (json ? JSON.parse(text) : {}) as Answer['body'] };
  }

  /** Opens a watch. Throws when the server refuses it. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<Watch> {
    const outgoing = this.#request('GET', path, headers);
    outgoing.on('error', () => {});
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) {
      response.resume();
      throw Object.assign(new Error(`watch refused: ${response.statusCode}`), { code: response.statusCode });
    }
    return new Watch(response, () => outgoing.destroy());
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(method: string, path: string, headers: Record<string, string>) {
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    return request(`${this.#server.url}${path}`, { method, agent: this.#agent, headers: { ...authorization, ...headers } });
  }
}

/** An open watch, read event by event; nothing is read before the first is asked for. */
export class Watch {
  readonly #lines: AsyncGenerator<string>;
  readonly close: () => void;

  constructor(response: IncomingMessage, close: () => void) {
    response.on('error', () => {}); // a connection that is cut is an end too
    this.#lines = linesOf(response);
    this.close = close;
  }

  /** The next event, or undefined when the stream has ended. */
  async next(): Promise<Event | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : (JSON.parse(value) as Event);
  }

  /** The next `count` events as `TYPE name`. */
  async take(count: number): Promise<string[]> {
    const seen: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const event = await this.next();
      seen.push(event === undefined ? 'END' : `${event.type} ${event.object.metadata?.name}`);
    }
    return seen;
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  } catch {
    // cut off
  }
}

/** Tokens of the users of test servers. */
export const tokens = { admin: 'token-of-the-admin-0', other: 'token-of-the-other-0' };

/** A real server in a directory of its own, and a client of its admin. */
export interface TestServer {
  server: ApiServer;
  admin: ApiClient;
  directory: string;
  stop(): Promise<void>;
}

/** Starts a server on a free port, in the given directory or in a new one that goes with it. */
export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'embedded-apiserver-'));
  const identities = [
    { token: tokens.admin, user: { username: 'admin', groups: ['system:masters'] } },
    { token: tokens.other, user: { username: 'other', groups: ['people'] } },
  ];
  const server = await startApiServer({ identities, ...options, directory });
  const admin = new ApiClient(server, tokens.admin);
  return {
    server,
    admin,
    directory,
    async stop() {
      admin.close();
      await server.stop();
      if (options.directory === undefined) rmSync(directory, { recursive: true });
    },
  };
}

/** A CustomResourceDefinition `widgets.example.com` with the given schema of its spec. */
export function widgetDefinition(spec: object = widgetSpec, version: object = {}): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['things'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.spec.nodeName' }],
          additionalPrinterColumns: [
            { name: 'Node', type: 'string', jsonPath: '.spec.nodeName' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'A widget for tests.',
              properties: { spec, status: { type: 'object', properties: { phase: { type: 'string' } } } },
            },
          },
          ...version,
        },
      ],
    },
  };
}

const widgetSpec = {
  type: 'object',
  description: 'What is wanted.',
  properties: {
    nodeName: { type: 'string', maxLength: 63, description: 'The node that it is for.' },
    size: { type: 'integer', minimum: 1, maximum: 10 },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
  },
};

/** Where widgets of a namespace are. */
export function widgets(namespace = 'default'): string {
  return `/apis/example.com/v1/namespaces/${namespace}/widgets`;
}

/** A widget. */
export function widget(name: string, spec: object = { size: 1 }, metadata: object = {}): object {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, ...metadata }, spec };
}
