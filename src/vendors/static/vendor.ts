/** A user name and password that exist already, in a Secret of the cluster or a file. */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { StaticSettings } from './settings.ts'

export const staticCredential: Vendor = defineVendor<StaticSettings>({
  title: 'static credential',
  settings: async () => (await import('./settings.ts')).settings,
  draft: async () => (await import('./hosts.ts')).draft,
  lookup: async () => (await import('./lookup.ts')).lookup,
})
