/** pullpass credential-provider: the kubelet's plugin, with the flags of the command line. */
import { runCredentialProvider } from '../faces/run-credential-provider.ts'
import { Redacted } from '../text/redacted.ts'
import type { Command } from './command-line/command.ts'
import { type Flag, usageFault } from './command-line/flag.ts'

const flags: { readonly config: Flag & { type: 'string' } } = {
  config: { type: 'string', value: 'FILE', summary: 'Configuration of the node, as pullpass manifests node prints it' },
}

export const credentialProvider: Command<typeof flags> = {
  usage: ['credential-provider --config FILE'],
  details: [
    'Reads a CredentialProviderRequest of credentialprovider.kubelet.k8s.io/v1 from standard input, exchanges the service',
    'account token in it, and prints the response with the registry credential: pods pull without any pull secret. It is',
    'started by a kubelet. The npm package and the image contain it also as a program of its own that starts faster:',
    'pullpass-credential-provider --config FILE.',
    'Credentials are kept in the cacheFolder of the configuration, readable only by the user of the kubelet (root).',
    'An annotation pullpass.dev/registry of the ServiceAccount selects a registry of the configuration by its name.',
    'It ends within 45 seconds; a kubelet waits for one minute. An error is one line, in the log of the kubelet.',
    '',
    'Example:',
    '  pullpass credential-provider --config /opt/pullpass/etc/pullpass-3f2a9c1b.json < request.json',
  ].join('\n'),
  life: 'one-shot',
  errors: 'one line',
  flags,

  async run({ flags: { config }, context, terminal }) {
    if (config === undefined) {
      throw usageFault('credential-provider', '--config is missing', 'the configuration of the node: --config FILE')
    }
    const input = new Redacted(await terminal.readInput())
    terminal.printCredential(await runCredentialProvider({ config, input }, context))
    return 0
  },
}
