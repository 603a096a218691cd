-- Salesforce Campaign: its Type is the channel.
SELECT
    "Id" AS campaign_id,
    "Name" AS name,
    "Type" AS channel,
    "ParentId" AS parent_campaign_id,
    "StartDate" AS start_date,
    "EndDate" AS end_date,
    "BudgetedCost" AS budget,
    "CurrencyIsoCode" AS currency
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
