-- Salesforce Lead: a lead is a contact; it belongs to an account once it is converted.
SELECT
    "Id" AS contact_id,
    "ConvertedAccountId" AS account_id,
    "CreatedDate" AS created_at,
    "Title" AS role
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
