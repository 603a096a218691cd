-- HubSpot contacts: of several associated companies the first is the account.
SELECT
    "Record ID" AS contact_id,
    split_part(coalesce("Primary Associated Company ID", "Associated Company IDs (Primary)", "Associated Company IDs"), ';', 1) AS account_id,
    "Create Date" AS created_at,
    "Job Title" AS role
FROM raw
