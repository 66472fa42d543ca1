/** What the process loads after it has checked Node.js: one import, since each costs more than a millisecond. */

export { vendors } from '../../vendors/vendors.ts'
export { startHardDeadline } from './hard-deadline.ts'
export { interruption, renderUnwritable, run } from './run.ts'
