/** pullpass inspect: shows a subject token or a pull secret. Exits 1 if it will be refused. */
import { audience } from '../document/kubernetes-names.ts'
import type { Command } from './command-line/command.ts'
import type { Flag } from './command-line/flag.ts'
import { clusterFlags, documentFlags, outputFlags } from './command-line/flags.ts'
import { parseInspectTarget } from './inspect/target.ts'

const flags: typeof documentFlags &
  typeof clusterFlags &
  typeof outputFlags & {
    readonly audience: Flag & { type: 'string' }
    readonly image: Flag & { type: 'string' }
  } = {
  ...documentFlags,
  audience: {
    type: 'string',
    value: 'AUDIENCE',
    rule: audience,
    summary: 'Audience of the requested token (default: the audiences of the documents, or one that no API accepts)',
  },
  image: { type: 'string', value: 'IMAGE', summary: 'Image: show which entries a kubelet tries for it' },
  ...outputFlags,
  ...clusterFlags,
}

export const inspect: Command<typeof flags> = {
  usage: [
    'inspect [FILE|-] [-f DOCUMENT]',
    'inspect serviceaccount NAMESPACE/NAME [--audience AUDIENCE] [-f DOCUMENT]',
    'inspect secret NAMESPACE/NAME [--image IMAGE]',
  ],
  details: [
    'Shows the claims of a token and their problems, without verifying its signature; with -f also whether the registries',
    'of the documents accept it. Without FILE, the token is that of the documents (serviceAccountRef or tokenFile), of',
    'PULLPASS_TOKEN_FILE, or the default file. If the variables of refresh are set, their registry is checked as well.',
    'For a pull secret, shows hosts, user names, expiry and owner, and how a kubelet uses it.',
    'Credentials are never printed.',
    '',
    'Examples:',
    '  pullpass inspect -f artifact-registry.yaml',
    '  pullpass inspect secret team-a/regcred --image europe-docker.pkg.dev/project/images/app:v1',
  ].join('\n'),
  positionals: ['serviceaccount', 'secret'],
  namespaceHint: 'the namespace before the name, such as secret team-a/regcred',
  life: 'one-shot',
  flags,

  async run(call) {
    const target = parseInspectTarget(call.positionals, call.flags)
    if (target.kind === 'secret') {
      const { inspectSecret } = await import('./inspect/inspect-secret.ts')
      return await inspectSecret(target, call)
    }
    const { inspectToken } = await import('./inspect/inspect-token.ts')
    return await inspectToken(target, call)
  },
}
