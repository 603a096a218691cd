-- Salesforce Campaign: its ActualCost, spread over its days. It is what was paid so far: of campaigns that still run, end it today.
SELECT
    coalesce("Id", "Campaign ID") AS campaign_id,
    coalesce("StartDate", "CreatedDate") AS start_date,
    coalesce("EndDate", "StartDate", "CreatedDate") AS end_date,
    "ActualCost" AS amount,
    "CurrencyIsoCode" AS currency
FROM raw
WHERE "ActualCost" IS NOT NULL AND coalesce(read_flag("IsDeleted"), 'false') <> 'true'
