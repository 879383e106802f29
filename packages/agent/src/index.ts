export { type Agent, type AgentContext, createAgent } from './agent.ts';
export { type AgentOptions, DEFAULTS } from './options.ts';
export { createSourceManager } from './sources/source-manager.ts';
export { NODE_FACTS } from './node/node-facts.ts';
