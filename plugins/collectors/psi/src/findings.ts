import { type Static, Type } from '@sinclair/typebox';

const Percent = (description: string) => Type.Number({ description, minimum: 0, maximum: 100 });

const Line = Type.Object({
  avg10: Percent('Share of the last 10 s, percent.'),
  avg60: Percent('Share of the last minute.'),
  avg300: Percent('Share of the last 5 min.'),
  now: Type.Optional(Percent('Share of the time between the two looks.')),
});

const Resource = Type.Object({
  state: Type.Union([Type.Literal('Enabled'), Type.Literal('Disabled')]),
  reason: Type.Optional(Type.String({ description: 'Why it is not measured.' })),
  some: Type.Optional(Line),
  full: Type.Optional(Line),
});

const Resources = Type.Object({ cpu: Resource, memory: Resource, io: Resource });
export type Resources = Static<typeof Resources>;

/** What the collector gives. `some`: at least one task waited; `full`: all tasks did at once. */
export const PressureFindings = Type.Object({
  lookSeconds: Type.Number({ description: 'Time between the two looks.' }),
  node: Resources,
  cgroup: Type.Optional(
    Type.Object(
      { path: Type.String({ description: 'cgroup (v2) of the target.' }), pressure: Resources },
      { description: 'Of the target.' },
    ),
  ),
});
export type PressureFindings = Static<typeof PressureFindings>;
