import { type Abnormal, API_VERSION, KdrError, RESOURCES } from '@kdr/api-types';
import type { ApiClient } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';

/** The user as whom the API server knows us: approvals are refused in any other name. */
export async function whoAmI(client: ApiClient): Promise<string> {
  const review = (await client.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  })) as {
    status: { userInfo: { username: string } };
  };
  return review.status.userInfo.username;
}

/** `kdr approve NAME`, `kdr deny NAME`: a person's word about the proposal that the Abnormal has now. */
export function registerApprove(program: Command, context: CliContext): void {
  for (const [word, decision, description] of [
    ['approve', 'Approve', 'Say yes to the repair that an Abnormal proposes'],
    ['deny', 'Deny', 'Say no to the repair that an Abnormal proposes'],
  ] as const) {
    connectionFlags(program.command(word).description(description).argument('<name>', 'Abnormal'))
      .option('--reason <text>', 'why')
      .action((name: string, flags: ConnectionFlags & { reason?: string }) =>
        withSession(context, flags, async ({ client, namespace }) => {
          const abnormal = await client.get<Abnormal>(RESOURCES.Abnormal, { namespace, name });
          const proposal = abnormal.status?.recovery?.proposal;
          if (abnormal.status?.phase !== 'Recovering' || proposal === undefined) {
            throw new KdrError(
              'KDR_NOT_WAITING',
              `${namespace}/${name} is ${abnormal.status?.phase ?? 'not taken yet'}${abnormal.status?.reason ? ` (${abnormal.status.reason})` : ''}: there is no proposal to decide`,
            );
          }
          const approver = await whoAmI(client);
          await client.create(RESOURCES.RecoveryApproval, {
            apiVersion: API_VERSION,
            kind: 'RecoveryApproval',
            metadata: { generateName: `${name.slice(0, 200)}-`, namespace },
            spec: { abnormal: name, proposalId: proposal.id, decision, approver, reason: flags.reason },
          });
          const plan = proposal.plannedActions.map((action) => action.description).join('; ');
          context.out.print(`abnormal.kdr.dev/${name} ${decision === 'Approve' ? 'approved' : 'denied'} by ${approver}: ${plan}`);
        }),
      );
  }
}
