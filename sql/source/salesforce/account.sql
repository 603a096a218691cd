-- Salesforce Account: one row an account, deleted ones left out.
SELECT
    "Id" AS account_id,
    "Name" AS name,
    "Industry" AS industry,
    coalesce("BillingCountryCode", "BillingCountry") AS region,
    "NumberOfEmployees" AS employees,
    "OwnerId" AS owner
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
