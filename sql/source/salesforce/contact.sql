-- Salesforce Contact: one row a contact, deleted ones left out.
SELECT
    "Id" AS contact_id,
    "AccountId" AS account_id,
    "CreatedDate" AS created_at,
    "Title" AS role
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
