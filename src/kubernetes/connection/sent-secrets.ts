/** What of a pull secret is secret, so that words which repeat it are known: its host names are not. */
import { parseDockerConfig } from '../../credential/docker-config.ts'
import { Redacted } from '../../text/redacted.ts'

/** The passwords, and the whole document as it is sent. */
export function sentSecrets(dockerConfigJson: Redacted): Redacted[] {
  const { entries } = parseDockerConfig(dockerConfigJson)
  const sent = new Redacted(Buffer.from(dockerConfigJson.reveal()).toString('base64'))
  return [sent, ...[...entries.values()].map(({ password }) => password)]
}
