/**
 * Reads any Go goroutine dump, in any wrapping.
 *
 * @packageDocumentation
 */
export { parseGoroutineDumps } from './parse.ts';
export { renderGoroutineDump, renderGoroutines } from './render.ts';
export { addressOf, groupByStack, ownFrame, receiverAddress, waitedMutex } from './query.ts';
export type { StackGroup } from './query.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type { Argument, Creation, DumpOrigin, Frame, Goroutine, GoroutineDump, ParsedText, TextKind, Wrapping } from './model.ts';
