import {
  type Role,
  type RecoverRequest,
  ActAnswer,
  LIMITS,
  PlanAnswer,
  Problem,
  ProbeAnswers,
  readAnswer,
  shapeError,
} from '@kdr/api-types';
import type { TUnion } from '@sinclair/typebox';
import { ROUTES } from './definition.ts';
import type { HttpAnswer } from './http-call.ts';
import { SHAPES } from './openapi.ts';
import type { PluginUnderTest } from './plugin-under-test.ts';
import type { SampleOptions } from './sample-request.ts';

/** One demand of the protocol. */
export interface Demand {
  name: string;
  /** @returns a note, where the plugin may do without and does. @throws Error saying what the plugin did instead */
  check(plugin: PluginUnderTest): Promise<string | undefined>;
  /** Only for this role. */
  role?: Role;
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function shown({ status, headers, body }: HttpAnswer): string {
  return `status ${status}, ${headers['content-type'] ?? 'no content type'}, ${JSON.stringify(body.toString().slice(0, 200))}`;
}

function isProblem(answer: HttpAnswer): void {
  demand(answer.status >= 400 && answer.status < 500, `expected a status of 4xx: ${shown(answer)}`);
  demand(/^application\/problem\+json/.test(answer.headers['content-type'] ?? ''), `expected application/problem+json: ${shown(answer)}`);
  const error = shapeError(Problem, JSON.parse(answer.body.toString()));
  demand(error === undefined, `the problem details are wrong: ${error}`);
}

function isAnswer(schema: TUnion, answer: HttpAnswer): void {
  demand(answer.status === 200, `expected status 200: ${shown(answer)}`);
  demand(/^application\/json/.test(answer.headers['content-type'] ?? ''), `expected application/json: ${shown(answer)}`);
  demand(answer.body.length <= LIMITS.answerBytes, `the answer has ${answer.body.length} bytes; ${LIMITS.answerBytes} are allowed`);
  const result = readAnswer(schema, JSON.parse(answer.body.toString()));
  if ('error' in result) throw new Error(`${result.error}: ${shown(answer)}`);
}

/** Variants of a role's harmless call: no Act, which only an author's own case may make. */
function harmless(role: Role): { schema: TUnion; options: SampleOptions; what: string }[] {
  const schema = SHAPES[role].answer;
  if (role === 'collector') return [{ schema, options: {}, what: 'a call' }];
  if (role === 'diagnoser')
    return (['Diagnose', 'Confirm', 'Verify'] as const).map((purpose) => ({ schema, options: { purpose }, what: purpose }));
  return [
    { schema: PlanAnswer, options: { mode: 'Plan' }, what: 'Plan' },
    { schema: ProbeAnswers, options: { mode: 'Probe', attemptId: 'never-made' }, what: 'Probe' },
  ];
}

/** What api.md demands of every plugin, whatever language it is written in. */
export const DEMANDS: Demand[] = [
  {
    name: 'answers GET /v1/manifest with a manifest that speaks v1',
    async check({ manifest, http }) {
      const answer = await http('GET', '/v1/manifest');
      demand(/^application\/json/.test(answer.headers['content-type'] ?? ''), `expected application/json: ${shown(answer)}`);
      demand(manifest.protocols.includes('v1'), `protocols: expected v1 among ${manifest.protocols.join(', ')}`);
      return undefined;
    },
  },
  {
    name: 'answers GET /healthz and /readyz with 200',
    async check({ http }) {
      for (const path of ['/healthz', '/readyz']) {
        const answer = await http('GET', path);
        demand(answer.status === 200, `${path}: ${shown(answer)}`);
      }
      return undefined;
    },
  },
  {
    name: 'answers an unknown route with 404, and another method with 404 or 405',
    async check({ http, manifest }) {
      const unknown = await http('GET', '/v1/no-such-route');
      demand(unknown.status === 404, `unknown route: ${shown(unknown)}`);
      const method = await http('GET', ROUTES[manifest.role]);
      demand(method.status === 404 || method.status === 405, `GET ${ROUTES[manifest.role]}: ${shown(method)}`);
      return undefined;
    },
  },
  {
    name: 'refuses a body that is not JSON, and one that is no request, with problem details',
    async check({ http, manifest }) {
      for (const body of ['{"protocol": "v1", ', '{}', '[]', '"v1"']) isProblem(await http('POST', ROUTES[manifest.role], body));
      return undefined;
    },
  },
  {
    name: 'refuses a protocol version that it does not speak',
    async check({ post, request }) {
      isProblem(await post({ ...request(), protocol: 'v999' }));
      return undefined;
    },
  },
  {
    name: 'refuses a request larger than 1 MiB, and works on',
    async check({ http, manifest, post, request }) {
      const body = JSON.stringify({ ...request(), parameters: { filler: 'x'.repeat(LIMITS.requestBytes) } });
      // A server may answer 413 or close the connection in the middle of the body; both refuse it.
      const answer = await http('POST', ROUTES[manifest.role], body).catch((error: NodeJS.ErrnoException) => {
        demand(error.code === 'ECONNRESET' || error.code === 'EPIPE', `expected 4xx or a closed connection: ${error.message}`);
      });
      demand(!answer || (answer.status >= 400 && answer.status < 500), `expected 4xx: ${answer && shown(answer)}`);
      demand((await post(request())).status === 200, 'it does not answer any more afterwards');
      return undefined;
    },
  },
  {
    name: 'answers each kind of call with an outcome of the protocol, before the deadline and within 256 KiB',
    async check({ manifest, post, request }) {
      for (const { schema, options, what } of harmless(manifest.role)) {
        const deadlineMs = (manifest.timeoutSeconds ?? 10) * 1000;
        const answer = await post(request({ ...options, deadlineMs }), deadlineMs).catch((error: Error) => {
          throw new Error(`${what}: ${error.message}`);
        });
        isAnswer(schema, answer);
      }
      return undefined;
    },
  },
  {
    name: 'ignores fields that it does not know',
    async check({ post, request }) {
      const answer = await post({ ...request(), addedInV1Later: { a: 1 } });
      demand(answer.status === 200, shown(answer));
      return undefined;
    },
  },
  {
    name: 'answers the same requestId with the same bytes, one after the other and at once',
    async check({ manifest, post, request }) {
      for (const { options, what } of harmless(manifest.role)) {
        const body = request(options);
        const answers = [...(await Promise.all([post(body), post(body)])), await post({ ...body, attempt: 2 })];
        demand(
          answers.every(({ status }) => status === 200),
          `${what}: ${answers.map(({ status }) => status).join(', ')}`,
        );
        demand(
          answers.every((each) => each.body.equals(answers[0]!.body)),
          `${what}: ${answers.map(({ body }) => body.toString().slice(0, 200)).join(' | ')}`,
        );
      }
      return undefined;
    },
  },
  {
    name: 'refuses a requestId that was used with another body',
    async check({ post, request }) {
      const body = request();
      await post(body);
      const answer = await post({ ...body, parameters: { other: true } });
      return answer.status === 409 ? undefined : `a requestId used twice with different bodies was answered ${answer.status}, not 409`;
    },
  },
  {
    name: 'works on two calls at once',
    async check({ post, request }) {
      const answers = await Promise.all([post(request()), post(request())]);
      demand(
        answers.every(({ status }) => status === 200),
        answers.map(shown).join(' | '),
      );
      return undefined;
    },
  },
  {
    name: 'plans the same twice',
    role: 'recoverer',
    async check({ ask }) {
      const [first, second] = [await ask({ mode: 'Plan' }), await ask({ mode: 'Plan' })];
      demand(first.outcome === second.outcome, `${first.outcome}, then ${second.outcome}`);
      return undefined;
    },
  },
  {
    name: 'does not act without an attemptId',
    role: 'recoverer',
    async check({ post, request }) {
      const { attemptId: _, ...body } = request({ mode: 'Act' }) as RecoverRequest;
      const answer = await post(body);
      if (answer.status >= 400 && answer.status < 500) return undefined;
      isAnswer(ActAnswer, answer);
      demand(!answer.body.includes('"Acted"'), `expected 4xx or anything but Acted: ${shown(answer)}`);
      return undefined;
    },
  },
  {
    name: 'does not say Done of an attempt that was never made',
    role: 'recoverer',
    async check({ ask }) {
      const { outcome } = await ask({ mode: 'Probe', attemptId: `never-made-${Date.now()}` });
      demand(outcome !== 'Done', 'it said Done');
      return undefined;
    },
  },
  {
    name: 'describes itself in /openapi.json and /metrics',
    async check({ http }) {
      const missing: string[] = [];
      for (const path of ['/openapi.json', '/metrics']) if ((await http('GET', path)).status !== 200) missing.push(path);
      return missing.length === 0 ? undefined : `${missing.join(' and ')} absent`;
    },
  },
];
