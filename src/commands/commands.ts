/** Every command by its name, loaded when it is called: a one-shot pays for its own alone. */
import type { Vendors } from '../vendors/vendor.ts'
import type { Command } from './command.ts'
import type { Flag } from './flag.ts'

export interface CommandEntry {
  /** As in the command itself, so that the list of commands loads none: a test holds both equal. */
  readonly summary: string
  // A command's flags are its own: who runs it by name knows them only as Flags.
  readonly load: () => Promise<Command>
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  refresh: {
    summary: 'Exchange once, write every chosen pull secret, exit',
    load: async () => (await import('./refresh.ts')).refresh,
  },
  init: {
    summary: "Write a document from the script's variables",
    load: async () => (await import('./init.ts')).init,
  },
  inspect: {
    summary: 'Show a subject token or a pull secret as people read it',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  doctor: {
    summary: 'Find the hop that fails, and what mends it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  manifests: {
    summary: 'Print what to install: a CronJob, with the least rights',
    load: async () => (await import('./manifests.ts')).manifests,
  },
  'issuer show': {
    summary: "Show the cluster's issuer, which clouds can use it, and the steps to another",
    load: async () => (await import('./issuer/show.ts')).show,
  },
  'issuer check': {
    summary: "Tell which clouds can use what is public at an issuer's URL",
    load: async () => (await import('./issuer/check.ts')).check,
  },
  'issuer publish': {
    summary: "Bring the cluster's OIDC documents where clouds read them",
    load: async () => (await import('./issuer/publish.ts')).publish,
  },
  'issuer watch': {
    summary: 'Keep the published OIDC documents true while keys rotate',
    load: async () => (await import('./issuer/watch.ts')).watch,
  },
  'issuer serve': {
    summary: 'Serve the OIDC documents behind an Ingress, without a bucket',
    load: async () => (await import('./issuer/serve.ts')).serve,
  },
  'issuer revoke': {
    summary: 'Take a leaked key out of what is public, for good',
    load: async () => (await import('./issuer/revoke.ts')).revoke,
  },
  'trust plan': {
    summary: 'Show what the cloud must know for a document, against what it knows',
    load: async () => (await import('./trust/plan.ts')).plan,
  },
  'trust apply': {
    summary: 'Make what the cloud must know for a document, and wait until it works',
    load: async () => (await import('./trust/apply.ts')).apply,
  },
  'trust destroy': {
    summary: 'Take back what trust apply made at the cloud, and only that',
    load: async () => (await import('./trust/destroy.ts')).destroy,
  },
  uninstall: {
    summary: 'Remove pullpass and what it created from a cluster and the cloud',
    load: async () => (await import('./uninstall.ts')).uninstall,
  },
  completion: {
    summary: 'Print the completion script of a shell',
    load: async () => (await import('./completion.ts')).completion,
  },
  version: {
    summary: 'Show the version, its commit, and the version of Node.js',
    load: async () => (await import('./version.ts')).showVersion,
  },
  sandbox: {
    summary: 'Run a cluster, Google APIs and a registry on this machine',
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
