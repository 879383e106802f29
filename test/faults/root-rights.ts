import { FaultError } from './fault-error.ts';

/** Throws KDR_FAULTS_NOT_ROOT unless root runs this; `what` says for what root is needed. */
export function requireRoot(what: string): void {
  if (process.getuid?.() !== 0) throw new FaultError('KDR_FAULTS_NOT_ROOT', `Only root can ${what}. Run it again as root.`);
}
