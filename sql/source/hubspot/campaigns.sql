-- HubSpot campaigns: contacts know them by name, so the name is the key.
SELECT
    "Campaign name" AS campaign_id,
    "Campaign name" AS name,
    'campaign' AS channel,
    "Start date" AS start_date,
    "End date" AS end_date,
    coalesce("Budget", "Budget total") AS budget,
    "Currency" AS currency
FROM raw
