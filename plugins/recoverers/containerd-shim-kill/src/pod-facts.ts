import { type Static, Type } from '@sinclair/typebox';

/** What is read of the collector `pod`. */
export const PodFacts = Type.Object({
  uid: Type.String(),
  gone: Type.Boolean(),
  deletionTimestamp: Type.Optional(Type.String()),
  now: Type.String(),
});
export type PodFacts = Static<typeof PodFacts>;
