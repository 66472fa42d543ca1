/** pullpass inspect: a subject token or a pull secret as people read it. Exits 1 when it will be refused. */
import { audience } from '../document/kubernetes-names.ts'
import type { Command } from './command.ts'
import type { Flag } from './flag.ts'
import { clusterFlags, documentFlags, outputFlags } from './flags.ts'
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
    summary:
      "Audience of the requested token (default: what the documents' registries require, or one that no API accepts)",
  },
  image: { type: 'string', value: 'IMAGE', summary: 'Tell whether a kubelet would use the secret for this image' },
  ...outputFlags,
  ...clusterFlags,
}

export const inspect: Command<typeof flags> = {
  summary: 'Show the claims of a subject token, or the entries of a pull secret',
  usage: [
    'inspect [FILE|-] [-f DOCUMENT]',
    'inspect serviceaccount NAMESPACE/NAME [--audience AUDIENCE] [-f DOCUMENT]',
    'inspect secret NAMESPACE/NAME [--image IMAGE]',
  ],
  details: [
    'Shows what a token says (nobody verifies its signature here) and what speaks against it; with -f, whether the',
    'registries of a document will take it. Without FILE it is the token that the document names (its serviceAccountRef,',
    "a registry's tokenFile), else PULLPASS_TOKEN_FILE, else the usual script's place: where the script's variables are",
    'set, its registry is asked about too.',
    'Of a pull secret it shows hosts, user names, expiry and owner, and what a kubelet would do with it.',
    'No credential is ever printed.',
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
