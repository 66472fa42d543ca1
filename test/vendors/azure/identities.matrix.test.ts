import { testCourse } from './identity-trust.ts'
import { testSharing } from './sharing.ts'

testCourse('managed identity')
testSharing('managed identity')
