/** The content type of the rows in an export of tokenbus. */
export const exportContent = 'tokenbus-rows;v=1'
