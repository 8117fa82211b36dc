"""How large a workbook may be. The largest ledger of a city a hundred times as large as
Xingyang has 43,200 rows of 24 columns, 60 MB unpacked."""

MAX_ROWS = 60_000
MAX_COLUMNS = 256
MAX_CELLS = 3_000_000
MAX_MEMBERS = 1_000
MAX_MEMBER_BYTES = 160 * 2**20
MAX_TOTAL_BYTES = 240 * 2**20
MAX_MEDIA_BYTES = 32 * 2**20
# Rows of styled empty cells, the best that real files compress, stay below 40.
MAX_RATIO = 100
RATIO_FREE_BYTES = 2**20
# Lists of parts and of relationships: 40,000 hyperlinks need 6 MB.
MAX_LISTING_BYTES = 16 * 2**20
