/** What the rows of an export are that tokenbus takes itself. */
export const exportContent = 'tokenbus-rows;v=1'
