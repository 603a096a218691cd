-- Salesforce Campaign: its Type is the channel.
SELECT
    coalesce("Id", "Campaign ID") AS campaign_id,
    coalesce("Name", "Campaign Name") AS name,
    coalesce("Type", "Campaign Type") AS channel,
    "ParentId" AS parent_campaign_id,
    "StartDate" AS start_date,
    "EndDate" AS end_date,
    "BudgetedCost" AS budget,
    "CurrencyIsoCode" AS currency
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
