import type { PodFindings } from './findings.ts';
import type { PodEvent } from './pod.ts';

const MAX_EVENTS = 20;
const MAX_MESSAGE = 512;
const MAX_WORD = 128;
const TAKEN_OUT = '<redacted>';

/** Names of what is secret, as `name=VALUE`, `"name": "VALUE"`, `Authorization: Bearer VALUE`: probes print what the application says. */
const ASSIGNED =
  /((?:passw(?:or)?d|passphrase|token|secret|credential|api-?_?key|access-?_?key|private-?_?key|auth(?:orization)?)[\w.-]{0,64}"?\s{0,4}[:=]\s{0,4})("[^"]*"?|(?:bearer |basic )?[^\s,;&}]+)/gi;
/** `https://user:VALUE@host`, in the name of an image or a URL of a probe. */
const USER_INFO = /(:\/\/[^/\s:@]{0,256}:)[^/\s@]{1,256}@/g;

type Found = NonNullable<PodFindings['events']>[number];

/** The newest Events, the newest first. Pure. */
export function newestEvents(events: readonly PodEvent[]): Found[] {
  return events
    .map((event) => ({ event, at: lastSeen(event) }))
    .sort((a, b) => (Date.parse(b.at ?? '') || 0) - (Date.parse(a.at ?? '') || 0))
    .slice(0, MAX_EVENTS)
    .map(({ event, at }) => {
      const source = event.source?.component || event.reportingComponent;
      return {
        ...{ type: word(event.type), reason: word(event.reason), message: redacted(event.message ?? '') },
        count: event.series?.count ?? event.count ?? 1,
        ...(at !== undefined && { lastSeen: at }),
        ...(source && { source: word(source) }),
      };
    });
}

/** An Event is told again by a series (events.k8s.io) or by count and lastTimestamp (core). */
function lastSeen({ series, lastTimestamp, eventTime, firstTimestamp, metadata }: PodEvent): string | undefined {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata?.creationTimestamp;
}

function redacted(message: string): string {
  return message
    .slice(0, MAX_MESSAGE)
    .replace(ASSIGNED, (_match, name: string) => `${name}${TAKEN_OUT}`)
    .replace(USER_INFO, (_match, before: string) => `${before}${TAKEN_OUT}@`);
}

function word(text = ''): string {
  return text.slice(0, MAX_WORD);
}
