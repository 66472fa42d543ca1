/** The command after which a service account names these pull secrets, and no others. */
import type { NamespacedName } from '../../document/document.ts'
import type { MendingCommands } from './mending-commands.ts'

export function attachCommand(
  { namespace, name }: NamespacedName,
  secrets: readonly string[],
  { kubectl }: MendingCommands,
): string {
  const patch = JSON.stringify({ imagePullSecrets: secrets.map((secret) => ({ name: secret })) })
  return kubectl('patch', 'serviceaccount', name, '-n', namespace, '--type=merge', '-p', patch)
}
