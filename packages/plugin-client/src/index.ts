export { type CallOptions, type PluginClient, type PluginClientOptions, createPluginClient } from './plugin-client.ts';
export { type ArtifactWriter } from './artifact-pull.ts';
export { PluginError } from './plugin-error.ts';
export { mayCall } from './address-policy.ts';
export { tokenFromFile } from './token-file.ts';
export { type RemoteOptions } from './transport.ts';
