-- HubSpot deals: a deal is an opportunity; of several associated companies the first is the account.
SELECT
    "Record ID" AS opportunity_id,
    split_part(coalesce("Primary Associated Company ID", "Associated Company IDs (Primary)", "Associated Company IDs"), ';', 1) AS account_id,
    "Create Date" AS created_at,
    "Deal Stage" AS stage,
    "Is Closed Won" AS is_won,
    "Close Date" AS closed_at,
    "Amount" AS amount,
    "Currency" AS currency,
    "Deal Type" AS type,
    "Deal probability" AS probability
FROM raw
