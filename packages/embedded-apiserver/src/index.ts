export { startApiServer } from './api-server.ts';
export type { ApiServer, ApiServerOptions } from './api-server.ts';
export type { Identity, UserInfo } from './identity.ts';
export type { Logger } from './logger.ts';
