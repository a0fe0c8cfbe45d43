import { Module } from '@nestjs/common';
import { ProductsModule } from '../products/products.module.js';
import { AdminProductsController } from './admin-products.controller.js';

/** What operators call, behind the admin token. */
@Module({
  imports: [ProductsModule],
  controllers: [AdminProductsController],
})
export class AdminModule {}
