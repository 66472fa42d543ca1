/** Commands by name. Each is loaded when it is called, so that a one-shot command loads nothing else. */
import type { Vendors } from '../vendors/vendor.ts'
import type { Command, CommandEntry } from './command-line/command.ts'
import type { Flag } from './command-line/flag.ts'

export const commands: Readonly<Record<string, CommandEntry>> = {
  refresh: {
    summary: 'Refresh pull secrets once',
    load: async () => (await import('./refresh.ts')).refresh,
  },
  controller: {
    summary: 'Keep pull secrets fresh in every selected namespace',
    load: async () => (await import('./controller.ts')).controller,
  },
  init: {
    summary: 'Write a document for the registries of a cluster',
    load: async () => (await import('./init.ts')).init,
  },
  inspect: {
    summary: 'Show the claims of a subject token, or the entries of a pull secret',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  status: {
    summary: 'Show which pull secrets are fresh, due or expired',
    load: async () => (await import('./status.ts')).status,
  },
  doctor: {
    summary: 'Find the step that fails, and how to fix it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  manifests: {
    summary: 'Print the manifests of an installation with least privilege',
    load: async () => (await import('./manifests.ts')).manifests,
  },
  'manifests node': {
    summary: 'Print what kubelets need to pull with the tokens of pods',
    load: async () => (await import('./manifests/node.ts')).manifestsNode,
  },
  'manifests crds': {
    summary: 'Print the CustomResourceDefinitions for pullpass controller',
    load: async () => (await import('./manifests/crds.ts')).manifestsCrds,
  },
  token: {
    summary: 'Write a docker configuration with registry credentials',
    load: async () => (await import('./token.ts')).token,
  },
  'docker-credential': {
    summary: 'Provide credentials to docker, podman, buildah, skopeo, crane and oras, as their helper',
    load: async () => (await import('./docker-credential.ts')).dockerCredential,
  },
  'credential-provider': {
    summary: 'Provide pod image credentials to a kubelet, as its plugin',
    load: async () => (await import('./credential-provider.ts')).credentialProvider,
  },
  'credential-provider install': {
    summary: 'Install the plugin and its configuration on a node',
    load: async () => (await import('./credential-provider/install.ts')).install,
  },
  'issuer show': {
    summary: "Show the cluster's issuer, the clouds that can use it, and the steps to change it",
    load: async () => (await import('./issuer/show.ts')).show,
  },
  'issuer check': {
    summary: 'Check which clouds can use the public metadata of an issuer',
    load: async () => (await import('./issuer/check.ts')).check,
  },
  'issuer publish': {
    summary: 'Publish the discovery document and JWKS',
    load: async () => (await import('./issuer/publish.ts')).publish,
  },
  'issuer watch': {
    summary: 'Keep the published keys in sync during key rotation',
    load: async () => (await import('./issuer/watch.ts')).watch,
  },
  'issuer serve': {
    summary: 'Serve the discovery document and JWKS from the cluster',
    load: async () => (await import('./issuer/serve.ts')).serve,
  },
  'issuer revoke': {
    summary: 'Remove a leaked key from the published JWKS permanently',
    load: async () => (await import('./issuer/revoke.ts')).revoke,
  },
  'trust plan': {
    summary: 'Show the required cloud IAM resources and their changes',
    load: async () => (await import('./trust/plan.ts')).plan,
  },
  'trust apply': {
    summary: 'Create and verify the cloud IAM resources',
    load: async () => (await import('./trust/apply.ts')).apply,
  },
  'trust destroy': {
    summary: 'Delete the cloud IAM resources that trust apply created',
    load: async () => (await import('./trust/destroy.ts')).destroy,
  },
  uninstall: {
    summary: 'Remove pullpass and what it created from a cluster and the cloud',
    load: async () => (await import('./uninstall.ts')).uninstall,
  },
  completion: {
    summary: 'Print a shell completion script',
    load: async () => (await import('./completion.ts')).completion,
  },
  version: {
    summary: 'Print the version of pullpass and of Node.js',
    load: async () => (await import('./version.ts')).showVersion,
  },
  sandbox: {
    summary: 'Run a local cluster, cloud APIs and registry',
    load: async () => (await import('./sandbox.ts')).sandbox,
  },
}

/** With what vendors add to its flags. */
export async function loadCommand(entry: CommandEntry, vendors: Vendors): Promise<Command> {
  const command = await entry.load()
  const flags = Object.entries(command.flags).map(([name, flag]) => [name, withVendors(flag, vendors)] as const)
  return { ...command, flags: Object.fromEntries(flags) }
}

function withVendors({ vendorChoices, vendorSummary, ...flag }: Flag, vendors: Vendors): Flag {
  return {
    ...flag,
    ...(vendorChoices && { choices: [...(flag.choices ?? []), ...vendorChoices(vendors)] }),
    ...(vendorSummary && { summary: `${flag.summary}: ${vendorSummary(vendors)}` }),
  }
}
