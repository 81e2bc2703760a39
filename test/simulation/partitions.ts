/** Few, so that accounts share them. */
export const partitions = 2
