/** Receives one plain sentence per step of anything that takes longer than about two seconds. */
export type OnProgress = (text: string) => void;

/** What a maker does with its progress when nobody listens. */
export const silent: OnProgress = () => undefined;
