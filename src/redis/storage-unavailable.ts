/** Redis cannot be reached, or did not say in time what became of a command. */
export class StorageUnavailable extends Error {}
