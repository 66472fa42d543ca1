import { suite, test } from 'node:test'
import { endure, outages } from './outages.ts'

suite('for an hour pull secrets stay, the failure is reported once, and then the refresh resumes, when', () => {
  for (const outage of outages.slice(0, 1)) test(outage.title, async (t) => await endure(t, outage))
})
