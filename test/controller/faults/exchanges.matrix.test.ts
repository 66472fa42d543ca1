import { suite, test } from 'node:test'
import { endure, outages } from './outages.ts'

suite('for an hour pull secrets stay, the failure is reported once, and then the refresh resumes, when', () => {
  for (const outage of outages) test(outage.title, async (t) => await endure(t, outage))
})
