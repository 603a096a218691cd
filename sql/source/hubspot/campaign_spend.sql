-- HubSpot campaigns: their spend, spread over their days.
SELECT
    "Campaign name" AS campaign_id,
    "Start date" AS start_date,
    coalesce("End date", "Start date") AS end_date,
    coalesce("Spend", "Total spend", "Spend total") AS amount,
    "Currency" AS currency
FROM raw
WHERE coalesce("Spend", "Total spend", "Spend total") IS NOT NULL
