-- Salesforce Contact: one row a contact, deleted ones left out.
SELECT
    "Id" AS contact_id,
    "AccountId" AS account_id,
    "CreatedDate" AS created_at,
    "Title" AS role
FROM raw
WHERE coalesce(lower(CAST("IsDeleted" AS VARCHAR)), '') NOT IN ('1', 'true')
