import { expect, it } from 'vitest';
import { runProgram } from './program.ts';

const help = { about: 'counts', usage: 'count [--from NUMBER]', settings: { '--from, COUNT_FROM': 'where it begins' } };

async function run(argv: string[], main: () => Promise<void> = () => Promise.resolve(), debug = false) {
  const printed: string[] = [];
  const noted: string[] = [];
  const code = await runProgram(
    {
      ...{ name: 'count', version: '1.2.3', help, argv, debug, advice: 'Look at the log.' },
      print: (text) => printed.push(text),
      note: (text) => noted.push(text),
    },
    main,
  );
  return { code, printed: printed.join('\n'), noted };
}

it('answers --help and --version without starting anything', async () => {
  const never = () => Promise.reject(new Error('started'));
  expect(await run(['--version'], never)).toEqual({ code: 0, printed: 'count 1.2.3', noted: [] });
  const { code, printed, noted } = await run(['--from', '3', '-h'], never);
  expect({ code, noted }).toEqual({ code: 0, noted: [] });
  expect(printed.split('\n')).toEqual([
    'count: counts',
    '',
    'Usage: count [--from NUMBER]',
    '',
    '  --from, COUNT_FROM  where it begins',
    '  -h, --help          prints this',
    '  --version           prints the version',
  ]);
});

it('ends with 0 and says nothing when all went well', async () => {
  expect(await run([])).toEqual({ code: 0, printed: '', noted: [] });
});

it('makes one line of an error, with its code and what to do, and 2 of a wrong setting', async () => {
  const error = Object.assign(new Error('COUNT_FROM must be\n a number'), { code: 'BAD', hint: 'Set it.', misconfigured: true });
  expect(await run([], () => Promise.reject(error))).toEqual({
    ...{ code: 2, printed: '' },
    noted: ['count: COUNT_FROM must be a number (BAD). Set it.'],
  });
});

it('makes 1 of any other error, whatever was thrown', async () => {
  const thrown: [unknown, string][] = [
    [Object.assign(new Error('listen EADDRINUSE: 127.0.0.1:80'), { code: 'EADDRINUSE' }), 'listen EADDRINUSE: 127.0.0.1:80 (EADDRINUSE).'],
    [Object.assign(new Error('refused'), { reason: 'Forbidden' }), 'refused (Forbidden).'],
    [new Error('It broke.'), 'It broke.'],
    ['a word', 'a word.'],
    [undefined, 'undefined.'],
  ];
  for (const [error, line] of thrown) {
    const { code, noted } = await run([], () => Promise.reject(error));
    expect({ code, noted }).toEqual({ code: 1, noted: [`count: ${line} Look at the log.`] });
  }
});

it('shows the stack to who asks for it', async () => {
  const { noted } = await run([], () => Promise.reject(new Error('broken')), true);
  expect(noted).toHaveLength(2);
  expect(noted[1]).toMatch(/Error: broken\n +at /);
});
