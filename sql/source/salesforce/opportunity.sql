-- Salesforce Opportunity: one row an opportunity, deleted ones left out.
SELECT
    "Id" AS opportunity_id,
    "AccountId" AS account_id,
    "CreatedDate" AS created_at,
    "StageName" AS stage,
    coalesce(lower(CAST("IsWon" AS VARCHAR)), '') IN ('1', 'true') AS is_won,
    coalesce(lower(CAST("IsClosed" AS VARCHAR)), '') IN ('1', 'true') AS is_closed,
    "CloseDate" AS closed_at,
    "Amount" AS amount,
    "CurrencyIsoCode" AS currency,
    "Type" AS type,
    "Probability" AS probability
FROM raw
WHERE coalesce(lower(CAST("IsDeleted" AS VARCHAR)), '') NOT IN ('1', 'true')
