-- Salesforce Opportunity: one row an opportunity, deleted ones left out.
SELECT
    "Id" AS opportunity_id,
    "AccountId" AS account_id,
    "CreatedDate" AS created_at,
    "StageName" AS stage,
    read_flag("IsWon") AS is_won,
    read_flag("IsClosed") AS is_closed,
    "CloseDate" AS closed_at,
    "Amount" AS amount,
    "CurrencyIsoCode" AS currency,
    "Type" AS type,
    "Probability" AS probability
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
