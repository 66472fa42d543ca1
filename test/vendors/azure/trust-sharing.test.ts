import { testSharing } from './sharing.ts'

testSharing('application') // of a managed identity: identities.matrix.test.ts
