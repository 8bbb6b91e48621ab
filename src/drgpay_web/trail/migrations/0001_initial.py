from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("office_day", models.DateField()),
                ("area", models.CharField(db_index=True, max_length=64)),
                ("person", models.CharField(db_index=True, max_length=64)),
                ("role", models.CharField(max_length=3)),
                ("unit", models.CharField(max_length=200)),
                ("session", models.CharField(max_length=16)),
                ("address", models.CharField(max_length=64)),
                ("act", models.CharField(db_index=True, max_length=64)),
                ("subject", models.CharField(db_index=True, max_length=200)),
                ("before", models.TextField()),
                ("after", models.TextField()),
                ("outcome", models.CharField(max_length=8)),
                ("reason", models.TextField()),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64, unique=True)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
    ]
