// npm test [-- SUITE… | PATH…] [-- vitest options]: runs suites one after another and ends with the line `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface Suite {
  name: string;
  what: string;
  run(): Count;
}
interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed and its first lines, said again at the end: the suites print thousands of lines behind it. */
  failures: string[];
}
/** The part of vitest's JSON report that is read. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const PUBLISHED = ['api-types', 'linux', 'controller-runtime', 'plugin-client', 'plugin-sdk', 'goroutine-dump', 'agent', 'master'];

/** One command that holds or does not. */
function check(name: string, command: string, args: string[]): Count {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0, failures: status === 0 ? [] : [name] };
}

/** Vitest over some paths, counted from its own report; a run without a report has failed. */
function vitest(paths: string[], options: { node?: string; args?: string[] } = {}): Count {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-test-'));
  const report = join(directory, 'report.json');
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    ...(options.args ?? []),
    ...paths,
  ];
  const { status } = spawnSync(options.node ?? process.execPath, args, { cwd: root, stdio: 'inherit' });
  const count: Count = { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0, failures: [] };
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Report;
    Object.assign(count, {
      passed: numPassedTests,
      failed: Math.max(numFailedTests, count.failed),
      skipped: numPendingTests + numTodoTests,
      failures: testResults.flatMap(failuresOf),
    });
  }
  rmSync(directory, { recursive: true, force: true });
  return count;
}

function failuresOf({ name, status, message, assertionResults }: Report['testResults'][number]): string[] {
  const file = relative(root, name);
  const first = (text: string) =>
    stripVTControlCharacters(text)
      .split(/\n\s+at .*node_modules/)[0]
      ?.slice(0, 800)
      .replaceAll('\n', '\n  ');
  const tests = assertionResults
    .filter((one) => one.status === 'failed')
    .map(({ fullName, failureMessages }) => `${file} ${fullName}\n  ${first(failureMessages.join('\n'))}`);
  // The report has no words for a hook that failed.
  return status === 'failed' && tests.length === 0 ? [`${file} ${first(message) || 'in a hook'}`] : tests;
}

const add = (...counts: Count[]): Count => ({
  passed: counts.reduce((sum, { passed }) => sum + passed, 0),
  failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
  failures: counts.flatMap(({ failures }) => failures),
});

/** Suites that load the machine (real containers, benchmarks of other suites' kind) run one file at a time. */
const SERIAL = ['--no-file-parallelism'];

const SUITES: Suite[] = [
  {
    name: 'static',
    what: 'types, lint, format, generated files',
    run: () =>
      add(
        check('types', bin('tsc'), ['-p', 'tsconfig.json']),
        check('lint', bin('eslint'), ['.', '--max-warnings=0']),
        check('format', bin('prettier'), ['--check', '--log-level=warn', '.']),
      ),
  },
  {
    name: 'unit',
    what: 'each package and plugin by itself, and the repo’s own rules',
    run: () => vitest(['packages/', 'plugins/', 'test/workspace/']),
  },
  {
    name: 'floor',
    what: 'the published packages’ unit tests on Node 22.19',
    run: () =>
      vitest(
        PUBLISHED.map((name) => `packages/${name}/`),
        { node: join(root, 'test', 'node_modules', 'node-floor', 'bin', 'node') },
      ),
  },
  {
    name: 'packages',
    what: 'the packages as they are published: packed, installed elsewhere on Node 22.19, used as an outsider does',
    run: () => vitest(['test/packages/'], { args: SERIAL }),
  },
  {
    name: 'integration',
    what: 'several packages together on the embedded API server',
    run: () => vitest(['test/integration/'], { args: SERIAL }),
  },
  {
    name: 'conformance',
    what: 'the real kubectl against the embedded API server',
    run: () => vitest(['test/conformance/'], { args: SERIAL }),
  },
  {
    name: 'charts',
    what: 'the Helm charts: rendered by helm, and installed into a real API server',
    run: () => vitest(['test/charts/'], { args: SERIAL }),
  },
  {
    name: 'faults',
    what: 'the makers of real faults',
    run: () => vitest([], { args: ['--config', 'test/faults/vitest.config.ts'] }),
  },
  {
    name: 'cluster',
    what: 'the test cluster itself: Kubernetes with two real nodes (root on Debian; the first run builds it, ten minutes)',
    run: () => vitest(['test/cluster/'], { args: SERIAL }),
  },
  {
    name: 'kubernetes',
    what: 'KDR from its packed chart on that cluster, and real faults in real pods',
    run: () => vitest([], { args: ['--config', 'test/kubernetes/vitest.config.ts'] }),
  },
  {
    name: 'e2e',
    what: 'real faults through the whole platform (root on Debian: real containerd and shims)',
    run: () => vitest(['test/e2e/'], { args: SERIAL }),
  },
  {
    name: 'demo',
    what: 'npm run demo and every command of the README, from a fresh clone',
    run: () => vitest(['test/demo/'], { args: SERIAL }),
  },
  {
    name: 'images',
    what: 'the container images, built by the Dockerfile on a base made here, and their programs run in them (root on Debian)',
    run: () => vitest(['test/images/'], { args: SERIAL }),
  },
];

const wanted = process.argv.slice(2).filter((arg) => arg !== '--');
const paths = wanted.filter((arg) => arg.includes('/') || arg.endsWith('.ts'));
const names = wanted.filter((arg) => !paths.includes(arg));
const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no suite ${unknown.join(', ')}. Suites:\n${SUITES.map((suite) => `  ${suite.name.padEnd(12)} ${suite.what}`).join('\n')}\nA path selects files.`,
  );
  process.exit(2);
}

const chosen: Suite[] = paths.length > 0 ? [{ name: 'files', what: paths.join(' '), run: () => vitest(paths, { args: SERIAL }) }] : [];
const results = [...chosen, ...SUITES.filter((suite) => names.includes(suite.name) || wanted.length === 0)].map((suite) => {
  console.log(`\n── ${suite.name}: ${suite.what}`);
  const startedAt = Date.now();
  const count = suite.run();
  return { suite: suite.name, seconds: Math.round((Date.now() - startedAt) / 1000), ...count };
});

console.log('');
for (const { suite, seconds, passed, failed, skipped } of results)
  console.log(`${suite.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`);
const total = add(...results);
for (const failure of total.failures) console.log(`FAILED: ${failure}`);
const strict = process.env.CI === 'true' && process.getuid?.() === 0 && existsSync('/etc/debian_version');
if (strict && total.skipped > 0)
  console.log(`${total.skipped} tests of real parts were skipped on a machine that can run them: counted as failed`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || (strict && total.skipped > 0) ? 1 : 0);
