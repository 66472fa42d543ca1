/** What becomes of a pod that is deleted, in words. */
import type { Pod } from '../../kubernetes/objects/pods.ts'

export const remakeWords = ({ controller }: Pick<Pod, 'controller'>): string =>
  controller !== undefined ? 'its controller makes a new one' : 'nothing makes a new one by itself: make it again'
